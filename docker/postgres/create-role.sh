#!/bin/sh
# Runs once, when the volume is new: the role of Xebra owns its database and is no superuser.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$XEBRA_PASSWORD" --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
CREATE ROLE xebra LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
CREATE DATABASE xebra OWNER xebra;
REVOKE ALL ON DATABASE xebra FROM PUBLIC;
SQL
