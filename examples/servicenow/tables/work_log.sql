-- One row per state that the audit log kept. Hands are the assignment group: a ticket that moves to another group is handed off.
-- "?" is how the source writes "not known". An incident is closed when it is resolved: the source closes it by itself days later.
SELECT
    number AS case_id,
    'incident' AS case_kind,
    incident_state AS activity,
    strptime(sys_updated_at, '%-d/%-m/%Y %H:%M') AS "at",
    nullif(assignment_group, '?') AS actor_id,
    incident_state IN ('Resolved', 'Closed') AS closed,
    nullif(category, '?') AS category,
    nullif(location, '?') AS region
FROM read_parquet('{data}/servicenow_incidents/incident_event_log.parquet')
ORDER BY number, sys_mod_count
