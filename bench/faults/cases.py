"""The faults, and which words in an error show that the tool knows what happened.

Orders are those of `swath sandbox --misbehave`. `{same}` is another port of the gateway's host, `{other}` another host;
`{flip}` is a byte in the middle of the window's chunk, `{here}` means an answer to a range that holds that byte: what all
tools must read, however they go about it (in downloads, any answer that holds it). `shows` is a regular expression, searched for without regard to case in the errors that a tool
ends with: one that names another cause, or none, is an unclear error.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Case:
    fault: str
    orders: tuple[str, ...] = ()
    shows: str = "$^"
    # labuser, or noeula, who has not accepted the licence; or labuser with a token that was revoked
    user: str = "labuser"
    # How the address asked for differs: a port where nobody listens, or S3's own.
    address: str = ""
    # Which folder of granules: whole, or one with the granule cut in half.
    data: str = "whole"
    # How many seconds signed URLs and S3 credentials live.
    lifetime: int = 3600
    not_for: dict[str, str] = dataclasses.field(default_factory=dict)


CONNECT = "refused|could not connect|couldn't connect|failed to connect|cannot connect|connection error|connect call failed"
BUSY = "\\b50[0-9]\\b|slow ?down|unavailable|reduce your request|too many"
UNAUTHORIZED = "401|unauthori[sz]ed|unauthenticated|invalid_token|token (is|was|has)|not logged in|expired"
LICENCE = "eula|licen[cs]e|approve_app|agreement"
LOGIN = "log ?in|html"
ENDED = "cut|closed|closing|incomplete|premature|end of file|truncate|reset|eof|payload|abort|missing|outstanding|broken|disconnect|ended"
SLOW = "time|stall|slow|less than"
WHOLE = "range|206|whole|200"
SHORT = "length|incomplete|short|truncate|missing|bytes|size|end"
CHANGED = "replaced|changed|412|precondition|etag|if-match|modified"
DAMAGED = "checksum|damaged|inflate|adler|crc|decompress|filter|deflate|corrupt"
EXPIRED = "expired"
REDIRECTED = "redirect|403|forbidden|denied|refuse|token|another (origin|host)|permission"
REGION = "region|us-west-2|denied|403|forbidden|permission"
TRUNCATED = "truncate|eof|end of file|short|beyond|outside|cut off|ends"
INCOMPLETE = "incomplete|timed.?out|missing|part|hits|of \\d+"
NOT_JSON = "html|json|content.type|log ?in|expecting value"

READ = [
    Case("nothing wrong"),
    Case("nothing wrong, from S3", address="s3"),
    Case("connection refused", address="closed", shows=CONNECT),
    Case("503 twice, then well", ("cdn status=503 times=2 {here}",), shows=BUSY),
    Case("503 from S3 twice, then well", ("s3 status=503 times=2 {here}",), shows=BUSY, address="s3"),
    Case("503 for ever", ("cdn status=503 always",), shows=BUSY),
    Case("429 once, `Retry-After: 15`", ("cdn status=429 retry-after=15 {here}",), shows="429|" + BUSY),
    Case("401, the token was revoked", shows=UNAUTHORIZED, user="revoked"),
    Case("403, the licence was not accepted", shows=LICENCE, user="noeula"),
    Case("200 with the login page", ("gateway login-page always path=/NISAR/",), shows=LOGIN),
    Case("body cut after 1,000 bytes, once", ("cdn cut=1000 {here}",), shows=ENDED),
    Case("body cut after 1,000 bytes, once, from S3", ("s3 cut=1000 {here}",), shows=ENDED, address="s3"),
    Case("body of 1,000 bytes, its length too, once", ("cdn end=1000 {here}",), shows=SHORT),
    Case("body stalls for ever, once", ("cdn stall=1000 {here}",), shows=SLOW),
    Case("body trickles (2 bytes a second), once", ("cdn trickle=1000 {here}",), shows=SLOW),
    Case("200 and the whole file to ranges", ("cdn ignore-range always",), shows=WHOLE),
    Case("wrong `Content-Range`, once", ("cdn wrong-content-range {here}",), shows="range|requested .* got"),
    Case("file replaced after the first answer", ("cdn replace after=1 always ranged",), shows=CHANGED),
    Case("a bit flipped in a chunk, once", ("cdn flip={flip} ranged",), shows=DAMAGED),
    Case("a bit flipped in a chunk, always", ("cdn flip={flip} always",), shows=DAMAGED),
    Case("the signed URL expires in between", ("cdn stall=1000 pause=5 ranged",), shows=EXPIRED + "|403|denied", lifetime=2),
    Case("the S3 credentials expire in between", ("s3 stall=1000 pause=5 ranged",), shows=EXPIRED, address="s3",
         lifetime=2),
    Case("S3 refuses (another region)", ("s3 region-refused always",), shows=REGION, address="s3"),
    Case("redirect to another port", ("gateway redirect={same} always path=/NISAR/",), shows=REDIRECTED),
    Case("redirect to another host", ("gateway redirect={other} always path=/NISAR/",), shows=REDIRECTED),
    Case("the file is cut in half", data="truncated", shows=TRUNCATED),
]

DOWNLOAD = [
    Case("nothing wrong"),
    Case("connection refused", address="closed", shows=CONNECT),
    Case("503 twice, then well", ("cdn status=503 times=2 {here}",), shows=BUSY),
    Case("503 for ever", ("cdn status=503 always",), shows=BUSY),
    Case("429 once, `Retry-After: 15`", ("cdn status=429 retry-after=15 {here}",), shows="429|" + BUSY),
    Case("401, the token was revoked", shows=UNAUTHORIZED, user="revoked"),
    # Some try the token at Earthdata Login first, which knows nothing of the gateway's licence.
    Case("403, the licence was not accepted", ("login status=200 always path=/oauth/tokens/user",), shows=LICENCE, user="noeula"),
    Case("200 with the login page", ("gateway login-page always path=/NISAR/",), shows=LOGIN),
    Case("body cut after 100,000 bytes, once", ("cdn cut=100000 {here}",), shows=ENDED),
    Case("body cut, the file replaced", ("cdn cut=100000 {here}", "cdn replace after=1 always"), shows=CHANGED),
    Case("body of 100,000 bytes, its length too, once", ("cdn end=100000 {here}",), shows=SHORT),
    Case("body stalls for ever, once", ("cdn stall=100000 {here}",), shows=SLOW),
    Case("body trickles (2 bytes a second), once", ("cdn trickle=1000 {here}",), shows=SLOW),
    Case("a bit flipped, always", ("cdn flip={flip} always",), shows=DAMAGED),
    Case("the signed URL expires, then the body is cut", ("cdn stall=1000 pause=5 {here}", "cdn cut=100000 {here}"),
         shows=EXPIRED + "|403|denied", lifetime=2),
    Case("redirect to another port", ("gateway redirect={same} always path=/NISAR/",), shows=REDIRECTED),
    Case("redirect to another host", ("gateway redirect={other} always path=/NISAR/",), shows=REDIRECTED),
]

SEARCH = [
    Case("nothing wrong"),
    Case("503 twice, then well", ("cmr status=503 times=2",), shows=BUSY),
    Case("503 for ever", ("cmr status=503 always",), shows=BUSY),
    Case("429 once, `Retry-After: 15`", ("cmr status=429 retry-after=15",), shows="429|" + BUSY),
    Case("two of seven rows missing, not said", ("cmr partial=2 always",), shows=INCOMPLETE),
    Case("two of seven rows missing, `CMR-Timed-Out`", ("cmr timed-out=2 always",), shows=INCOMPLETE),
    Case("200 with an HTML page", ("cmr login-page always",), shows=NOT_JSON),
    Case("body cut after 1,000 bytes, once", ("cmr cut=1000",), shows=ENDED),
    Case("no answer for ever, once", ("cmr stall=0",), shows=SLOW),
]

# Name, work, columns, cases.
TABLES = [
    ("Reading a window", "read", ["swath", "fsspec + h5py", "GDAL", "obstore + h5py"], READ),
    ("Downloading a file", "download", ["swath", "asf_search", "earthaccess", "curl"], DOWNLOAD),
    ("Searching", "search", ["swath", "asf_search", "earthaccess"], SEARCH),
]
