"""Who a user is: logins of an OIDC issuer, checked here. The only importer of PyJWT and cryptography."""
