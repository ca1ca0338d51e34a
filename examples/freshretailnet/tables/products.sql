-- Categories are numbers in the source; the first of three levels is what an asset is made of.
SELECT DISTINCT product_id::VARCHAR AS sku_id, 'category ' || first_category_id AS category
FROM read_parquet('{data}/freshretailnet_*.parquet')
