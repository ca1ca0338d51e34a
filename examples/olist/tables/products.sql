-- Olist's 71 categories in seven groups, so that an asset has enough lines to be judged.
WITH named AS (
  SELECT p.product_id, coalesce(t.product_category_name_english, p.product_category_name) AS category
  FROM read_csv('{data}/olist_products_dataset.csv', header = true) p
  LEFT JOIN read_csv('{data}/product_category_name_translation.csv', header = true) t USING (product_category_name)
)
SELECT
  product_id AS sku_id,
  CASE
    WHEN category IS NULL THEN NULL
    WHEN category IN ('bed_bath_table', 'housewares', 'home_confort', 'home_comfort_2', 'garden_tools', 'home_construction')
      OR category LIKE 'construction%' OR category LIKE 'costruction%' OR category LIKE 'home_appliances%'
      OR category LIKE 'small_appliances%' THEN 'Home and garden'
    WHEN category LIKE 'furniture%' OR category LIKE 'office%' OR category LIKE '%mattress%' OR category LIKE 'kitchen%'
      OR category LIKE 'la_cuisine%' OR category = 'air_conditioning' THEN 'Furniture and office'
    WHEN category IN ('health_beauty', 'perfumery', 'diapers_and_hygiene') THEN 'Health and beauty'
    WHEN category IN ('computers_accessories', 'telephony', 'fixed_telephony', 'electronics', 'audio', 'computers',
                      'consoles_games', 'tablets_printing_image', 'pc_gamer', 'cine_photo') THEN 'Electronics'
    WHEN category IN ('sports_leisure', 'toys', 'baby', 'cool_stuff', 'musical_instruments', 'party_supplies',
                      'christmas_supplies', 'pet_shop', 'auto') THEN 'Leisure, family and car'
    WHEN category LIKE 'fashio%' OR category IN ('watches_gifts', 'luggage_accessories') THEN 'Fashion and gifts'
    ELSE 'Other'
  END AS category
FROM named
