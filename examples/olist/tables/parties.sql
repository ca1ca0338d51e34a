SELECT 'olist' AS party_id, 'own company' AS kind, 'Olist' AS name
UNION ALL
SELECT 'carrier', 'carrier', 'Carriers hired by Olist'
UNION ALL
SELECT seller_id, 'marketplace seller', 'Seller ' || left(seller_id, 6) || ' (' || seller_city || ')'
FROM read_csv('{data}/olist_sellers_dataset.csv', header = true, all_varchar = true)
