-- Sellers send from where they are.
SELECT seller_id AS node_id, 'seller site' AS kind, seller_id AS party_id, seller_state AS region
FROM read_csv('{data}/olist_sellers_dataset.csv', header = true, all_varchar = true)
