-- Addresses that take no mail: a report about a mail of ours, or the mail server itself, says that they do not exist.
-- address is in lower case, code is what was said, at is unix milliseconds.

-- +goose Up
CREATE TABLE dead_addresses (address TEXT PRIMARY KEY, code TEXT NOT NULL, at BIGINT NOT NULL);

-- +goose Down
DROP TABLE dead_addresses;
