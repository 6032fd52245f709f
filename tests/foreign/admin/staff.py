"""Who works with the CA of these tests."""

# Right of each account, in the order of their identifiers: Alice and Oscar only enroll.
RIGHTS = {
    "alice": 0, "oscar": 0, "olivia": 0x2, "adam": 0x1, "audrey": 0x4, "bert": 0x8, "rita": 0x100,
    "boss": 0x3,
}
