"""JSON web tokens as a user system would sign them, good and bad ones."""
import base64
import hashlib
import hmac
import json

KEY = "k" * 64


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(claims, key=KEY, alg="HS512", digest=hashlib.sha512):
    head = encoded(json.dumps({"alg": alg, "typ": "JWT"}).encode())
    signed = f"{head}.{encoded(json.dumps(claims).encode())}"
    return f"{signed}.{encoded(hmac.new(key.encode(), signed.encode(), digest).digest()) if digest else ''}"
