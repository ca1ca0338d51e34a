SELECT 'olist site' AS channel_id, 'marketplace' AS kind, 'olist' AS party_id
