-- The copies of an item: counted anew where people part an incident.
CREATE INDEX items_by_original ON items (duplicate_of) WHERE duplicate_of IS NOT NULL;
