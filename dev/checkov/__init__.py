"""checkov over what CloudFormation gets, in an environment of its own: it wants another boto3 than we do."""
