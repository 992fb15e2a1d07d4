import os
import sys

from send import send

status, answer = send(os.environ["EVENTS_URL"], os.environ["EVENTS_SECRET"], sys.stdin.buffer.read())
print(status, answer.decode(), end="")
