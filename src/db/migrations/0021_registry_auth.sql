-- EAS's `dockerAuth`: the login of the registry that a service's image comes from, sealed as its access key is. Of the service and
-- not of a version: a version that is used again is fetched with the login of today.
alter table services add column registry_auth_cipher bytea;
