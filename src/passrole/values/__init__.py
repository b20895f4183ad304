"""The ground floor: small frozen values that every other floor speaks in."""
