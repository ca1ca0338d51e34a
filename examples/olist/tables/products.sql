SELECT
  p.product_id                                                         AS sku_id,
  coalesce(t.product_category_name_english, p.product_category_name)   AS category
FROM read_csv('{data}/olist_products_dataset.csv', header = true) p
LEFT JOIN read_csv('{data}/product_category_name_translation.csv', header = true) t USING (product_category_name)
