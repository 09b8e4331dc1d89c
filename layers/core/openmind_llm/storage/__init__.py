"""DynamoDB and Secrets Manager; the only importer of boto3."""
