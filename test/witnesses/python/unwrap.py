"""Unwraps what Signet hands to KMS, and compares it with the file that openssl made: one JSON object on stdin, one on stdout."""

import base64
import json
import sys

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding


def main():
    asked = json.load(sys.stdin)
    wrapping = serialization.load_pem_private_key(asked["wrappingKey"].encode(), None)
    blob = base64.b64decode(asked["wrapped"])
    size = wrapping.key_size // 8
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    aes = wrapping.decrypt(blob[:size], oaep)
    plain = keywrap.aes_key_unwrap_with_padding(aes, blob[size:])
    found = serialization.load_der_private_key(plain, None)
    made = serialization.load_pem_private_key(asked["file"].encode(), None)
    json.dump({"aesBits": len(aes) * 8, "isSame": found.private_numbers() == made.private_numbers()}, sys.stdout)


main()
