"""An AWS on loopback that the template can be deployed to: ministack, with what the gateway needs of it added.

IT EXISTS ONLY IN LOCAL DEVELOPMENT and in tests. ministack is locked to one version; each change to it is a function
with its reason, and says so and stops where what it changes is not there.
"""
