SELECT DISTINCT store_id::VARCHAR AS node_id, 'store' AS kind, 'retailer' AS party_id, 'city ' || city_id AS region
FROM read_parquet('{data}/freshretailnet_*.parquet')
