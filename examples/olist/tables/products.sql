-- Olist's 71 categories in five groups, so that an asset has enough lines to be judged.
WITH named AS (
  SELECT p.product_id, coalesce(t.product_category_name_english, p.product_category_name) AS category
  FROM read_csv('{data}/olist_products_dataset.csv', header = true) p
  LEFT JOIN read_csv('{data}/product_category_name_translation.csv', header = true) t USING (product_category_name)
)
SELECT
  product_id AS sku_id,
  CASE
    WHEN category IS NULL THEN NULL
    WHEN category IN ('bed_bath_table', 'housewares', 'home_confort', 'home_comfort_2', 'garden_tools', 'air_conditioning')
      OR category LIKE '%construction%' OR category LIKE '%costruction%' OR category LIKE '%appliances%'
      OR category LIKE 'furniture%' OR category LIKE 'office%' OR category LIKE 'kitchen%' OR category LIKE 'la_cuisine%'
      THEN 'Home, garden and furniture'
    WHEN category IN ('health_beauty', 'perfumery', 'diapers_and_hygiene') THEN 'Health and beauty'
    WHEN category IN ('computers_accessories', 'telephony', 'fixed_telephony', 'electronics', 'audio', 'computers',
                      'consoles_games', 'tablets_printing_image', 'pc_gamer', 'cine_photo') THEN 'Electronics'
    WHEN category IN ('sports_leisure', 'toys', 'baby', 'cool_stuff', 'musical_instruments', 'party_supplies',
                      'christmas_supplies', 'pet_shop', 'auto') THEN 'Leisure, family and car'
    ELSE 'Fashion, gifts and other'
  END AS category
FROM named
