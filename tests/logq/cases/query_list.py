# SPDX-License-Identifier: MIT
# query_list.py: queries for every filter, pipe and function; asked of each folder of the corpus.

FILTERS = [
    "*", "error", "Error", '"error"', "'error'", "`error`", "nosuchword", "err*", '"cannot open"',
    '"cannot o"*', '"GET /"', '"GET /a"', '"/api/v1"', '"/api/v"', '"/api/v"*', "x", "_error",
    "multiply_error", '"x-error"', '"-error"', '"error-"', '": cannot"', '" error"',
    '"error in it"', "café", '"caf"', "ошибка", "Ошибка", "エラー", "needle", '"needle ends"',
    '"needle begins"', "né", '"né€dle"', "404", '"#404"', "pad*", "503",
    '"\\u043e\\u0448\\u0438\\u0431\\u043a\\u0430"', '"\\xff\\xfe"', '"NUL \\x00 inside"',
    '"\\\\ slash"', '"`back`"', '\'"double"\'', '"\\x1b[31mred"', "*rror*", '*"rror: c"*',
    "*EEDL*", "*eedl*", "*é*", '*"\\xff"*', '*"\\x00"*', '*" "*', '="error: cannot open file"',
    '="error"', '="error: can"*', "=x", '="{}"', '=" leading"*', '="\\xef\\xbb\\xbf"*', "i(ERROR)",
    'i("Cannot OPEN")', "i(err*)", "i(ОШИБКА)", "i(CAFÉ)", 'i("get /")', "i(needle)", '~"err.r"',
    '~"^error"', '~"error$"', '~"^$"', '~"e+r{2}or"', "~`\\berror\\b`", "~`needle (begins|ends)`",
    "~`\\d{3} \\d+`", '~"(?i)ERROR|needle"', "~`[[:digit:]]+\\.[0-9]+`", '~`"GET [^ ]*\\?`',
    "~`^.{0,8}$`", "~`é`", "~`caf.`", "~`\\x{448}`", "~`[а-я]+`", "~`\\x00`", "~`^[^a-z]*$`",
    "~`a\\sb`", "~`(a|b)*error`", "~'needle.*needle'", "~`\\Aerror`", "~`file\\z`",
    "~`[^\\d\\s]{12,}`", "~`^(?:pad|needle)`", "~`5\\w\\w `", "status:200", "status:5*",
    "status:=200", 'status:""', "status:*", "status:*0*", "status:!=200", "status:~`^[45]`",
    'status:in(404, 500,"")', "status:(404 or 50*)", "status:(5* !503)", "-status:*",
    "status:>=500", "status:>499 status:<=502", "status:<300", "status:range(200, 404)",
    "status:range[200,404]", "status:range(200,404]", "status:range[200, 404)",
    "body_bytes_sent:>10KB", "body_bytes_sent:<1KiB", "body_bytes_sent:>=1MB", "duration:>0.5",
    "duration:<=12.5", "seq:range[10,20]", "big:>0", "big:<0", "x:>0.1", "x:>=0.1", "x:=1",
    "x:range[1,1]", "x:<0", "x:>9007199254740992.5", "x:>1e400", "x:>=1e400", "x:<1e-399",
    "x:<1us", "x:>=1s", "x:>=10KiB", "x:>9KiB x:<10KiB", "x:range(-1, 1)", "request_method:GET",
    "request_method:G*", "request_uri:=/", 'request_uri:="/api"*', "request_uri:*api*",
    "request_uri:~`\\?.*=`", 'request_uri:"/a b"', "request_uri:café",
    'server_protocol:"HTTP/1.1"', 'server_protocol:="HTTP/0.9"', "remote_addr:10.0.0.1",
    'remote_addr:"10.0.0.1"', 'remote_addr:"2001:db8::1"', 'remote_addr:="2001:db8"*',
    "remote_user:john", 'remote_user:="john smith"', "remote_user:*", "host:shop*",
    'host:="shop.example:443"', 'http_user_agent:"\\"inside\\""', 'http_user_agent:*"agent"*',
    "http_user_agent:i(MOZILLA)", 'http_user_agent:"Жук"', 'http_referer:""', "http_referer:*",
    "extra:*", "extra:upstream", "extra:~`^0\\.`", "_format:json", "_format:in(common,combined)",
    "_format:text error", "_file:*", "_file:=special.log", "_stream:*log*", "level:error",
    "level:(warn or error) msg:file", "user.name:ann", "user.id:>10", '"user.name":="ben"',
    'user.name:"c"', "a.b:written", "a.b.c:deep", 'a.b.d:*"e"*', "k:=last", 'k:""', "k:*",
    'k:="\\xff"', 'k:="\\xfe"', '"a b":key', '"a:b":with', "é:with", '"é":*', "list:*null*",
    "t:true", "f:false", "n:*", "n:>0", "msg:*", "mixed:*", "mixed:>1", "a:1.50", "a:=1.50",
    "b:=1e3", 'c:="-0"', "_time:2026-11-22Z", "_time:2026Z", "_time:2026-11",
    "_time:2026-11-22T13Z", "_time:2026-11-22T13:30Z", "_time:2026-11-22T13:30:00Z",
    "_time:2026-11-22T14:30:00+01:00", "_time:[2026-11-22T13:10Z, 2026-11-22T13:20Z]",
    "_time:[2026-11-22T13:10Z,2026-11-22T13:20Z)", "_time:(2026-11-22T13:10Z,2026-11-22T13:20Z]",
    "_time:>2026-11-22T13:59Z", "_time:>=2026-11-22T13:59Z", "_time:<2026-11-22T13:01Z",
    "_time:<=2026-11-22T13:01Z", "_time:2024-02-29-08:00", "_time:2017-01-01T00:00:00Z",
    "-_time:2026Z", "_time:2026-11-22T13:00:09.000000001Z", "_time:[1795352400, 1795352460]",
    "_time:[1795352400000, 1795352460000)", "error or needle", "error OR NOT level:*",
    "error and file", "error AND NOT file", "error file", "error !file", "error -file",
    "NOT (error or file)", "not not error", "!(error file) cannot", "error or file and cannot",
    "(error or file) and cannot", "(((error)))", "error # a comment\n file", "a or b or c or d",
    "level:(error or (info -msg:file))", "_msg:(error -(file or open))",
    'status:404 request_uri:="/robots.txt"',
]

# Functions by name; each on fields with numbers, with strings, with both, with none.
FUNCTIONS = ["%s(%s) as r" % (function, field)
             for function in ("count", "count_uniq", "sum", "avg", "min", "max", "median")
             for field in ("status", "body_bytes_sent", "duration", "big", "mixed", "level",
                           "nosuch", "seq")]
FUNCTIONS += ["quantile(%s, %s) as r" % (phi, field)
              for phi in ("0", "0.01", "0.25", "0.5", "0.9", "0.99", "0.999", "1")
              for field in ("duration", "body_bytes_sent", "mixed", "nosuch")]
FUNCTIONS += ["count() as r", "count(status, level) as r", "count_uniq(level, request_method) as r",
              "count_uniq(_msg) as r", "count() if (status:>=500) as r",
              "sum(body_bytes_sent) if (request_method:GET) as r",
              "median(duration) if (level:error) as r"]

STATS = ["* | stats %s" % function for function in FUNCTIONS]
STATS += ["* | stats by (_format) %s" % function for function in FUNCTIONS[::3]]
STATS += [
    "* | stats count()", "* | stats sum(status)", "* | stats median(duration)",
    "* | stats max(seq)", "* | stats count() hits",
    "nosuchword | stats count() as n, sum(seq) as s, min(seq) as m, median(seq) as q",
    "nosuchword | stats by (status) count() as n", "* | stats by (status) count() as n",
    "* | stats by (status, request_method) count() as n, sum(seq) as s",
    "* | stats by (_time:1m) count() as n", "* | stats by (_time:1h, _format) count() as n",
    "* | stats by (_time:1d) count() as n", "* | stats by (_time:7m) count() as n",
    "* | stats by (_time:250ms) count() as n",
    "* | stats by (_time:1w) count() as n, count_uniq(_time) as u",
    "* | stats by (body_bytes_sent:10KB) count() as n",
    "* | stats by (body_bytes_sent:1KiB) count() as n", "* | stats by (duration:2.5) count() as n",
    "* | stats by (duration:0.1) count() as n", "* | stats by (status:100) count() as n",
    "* | stats by (big:1000000000000000000000) count() as n", "* | stats by (_file) count() as n",
    "* | stats by (_stream, _format) count() as n", "* | stats by (nosuch) count() as n",
    "* | stats by (user.name) count() as n", "* | stats by (k) count() as n",
    "* | stats by (request_uri) count() as n",
    "* | stats by (http_user_agent) avg(body_bytes_sent) as a, quantile(0.9, body_bytes_sent) as q",
    "error | stats by (level) count() as n, max(duration) as m, min(seq) as first",
    "* | stats by (status) count() if (level:info) as i, count() if (-request_method:GET) as o",
    "* | stats by (_msg) count() as n",
]

ORDERED = [
    "* | sort by (status)", "* | sort by (status desc)", "* | sort by (mixed)",
    "* | sort by (mixed desc, level)", "* | sort by (duration desc) limit 10",
    "* | sort by (duration) offset 5 limit 10", "* | sort by (seq) limit 10 offset 5",
    "* | sort by (big)", "* | sort by (_file, status desc, body_bytes_sent) limit 100",
    "* | sort by (nosuch) limit 7",
    "* | sort by (request_uri, remote_addr desc) offset 100 limit 50",
    "* | sort by (_msg) | limit 20", "* | sort by (level) | offset 10 | limit 3",
    "* | sort by (status) | fields status, remote_addr",
    "* | sort by (seq desc) | filter level:error | limit 5 | fields seq, level",
    "status:* | sort by (body_bytes_sent desc) limit 1", "* | sort by (_msg desc) limit 0",
    "* | sort by (status) offset 1000000", "* | top by (request_uri)", "* | top 3 by (status)",
    "* | top 1 by (nosuch)", "* | top 100 by (status, request_method)", "* | top 7 by (_msg)",
    "* | top by (level) | fields hits, level", "error | top 2 by (_format, level)",
    "* | stats by (status) count() as n | sort by (n desc)",
    "* | stats by (status) count() as n | sort by (n desc) limit 2",
    "* | stats by (_time:10m) count() as n | sort by (_time)",
    "* | stats by (_time:10m) count() as n | sort by (_time desc) limit 2",
    "* | stats by (request_uri) sum(body_bytes_sent) as s | sort by (s desc, request_uri) limit 5",
    "* | uniq by (status) | sort by (status)", "* | top 5 by (status) | sort by (status desc)",
]

FREE = [
    "* | limit 5", "* | head 3", "* | limit 0", "* | limit 10000000", "* | offset 5",
    "* | offset 10000000", "* | offset 3 | limit 4", "* | limit 4 | offset 3", "error | limit 1",
    "* | limit 5 | fields _msg", "* | fields _msg", "* | fields status, request_method, nosuch",
    "* | fields request_method, status", "* | fields _time",
    "* | fields _msg, _time, _file, _stream, _format", "level:* | fields level, user.name, seq",
    "* | uniq by (status)", "* | uniq by (status, request_method)", "* | uniq by (nosuch)",
    "* | uniq by (user.name)", "* | uniq by (_format) | stats count() as n",
    "* | fields status | uniq by (status)", "* | filter error",
    "* | filter status:>=500 | filter request_method:GET", "error | filter not file",
    "* | stats by (status) count() as n | filter n:>10",
    "* | stats by (status) count() as n | stats sum(n) as total, count() as groups",
    "* | stats by (status) count() as n | fields n",
    "* | filter level:error | stats by (level) count() as n",
    "* | top 3 by (status) | filter hits:>100 | stats count() as n",
    "* | fields _msg, status | filter status:404", "* | fields status | filter request_method:*",
    "* | stats by (status) count() as status2 | fields status2, status",
]

ALL = FILTERS + STATS + ORDERED + FREE
# For large folders: those that tell something about chunks, and take the oracle little time.
LARGE = [query for query in FILTERS if "needle" in query or "EEDL" in query]
LARGE += FREE[:16] + STATS[::4] + ORDERED[1::4]
LARGE += ["*", "error", "pad*", "status:>=500", "level:error", "~`\\d{3} \\d+`", "_format:text"]
