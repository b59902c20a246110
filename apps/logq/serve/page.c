// SPDX-License-Identifier: MIT
// page.c: the page on which a person can type a query.
//
// One file without anything from elsewhere. What comes from logs is put into the page as text only
// (textContent), and a Content-Security-Policy lets no script run but the one with this answer's
// nonce.

#include "serve/page.h"

#include "serve/reply.h"

#include <stdio.h>
#include <sys/random.h>

#define NONCE_BYTES 16

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>logq</title>\n";

static const char style[] =
    "body { font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem; color: #1b1f24; }\n"
    "form { display: flex; gap: .5rem; flex-wrap: wrap; align-items: start; }\n"
    "textarea { flex: 1 1 30rem; min-height: 3.2rem; font: 14px/1.4 ui-monospace, monospace;\n"
    "  padding: .4rem; }\n"
    "label { font-size: 13px; } input { width: 6rem; font: inherit; padding: .2rem; }\n"
    "button { font: inherit; padding: .4rem 1rem; }\n"
    "#state { margin: .8rem 0; white-space: pre-wrap; }\n"
    "#state.wrong { color: #a40e26; }\n"
    "table { border-collapse: collapse; font: 13px/1.35 ui-monospace, monospace; }\n"
    "th, td { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top;\n"
    "  border-bottom: 1px solid #e3e6e8; white-space: pre-wrap; overflow-wrap: anywhere; }\n"
    "td.number { text-align: right; }\n";

static const char body[] =
    "</head>\n<body>\n<form id=\"form\">\n"
    "<textarea id=\"query\" aria-label=\"query\" spellcheck=\"false\" autofocus>"
    "* | stats by (status) count() as hits | sort by (hits desc)</textarea>\n"
    "<label>limit<br><input id=\"limit\" inputmode=\"numeric\" value=\"200\"></label>\n"
    "<label>since<br><input id=\"start\" placeholder=\"1h\"></label>\n"
    "<button id=\"run\">Run</button> <button id=\"stop\" type=\"button\" disabled>Stop</button>\n"
    "</form>\n<p id=\"state\" role=\"status\"></p>\n"
    "<table><thead id=\"names\"></thead><tbody id=\"rows\"></tbody></table>\n";

static const char script[] =
    "'use strict';\n"
    "const $ = id => document.getElementById(id);\n"
    "const SHOWN = 2000;\n"
    "let running = null;\n"
    "function say(text, wrong) {\n"
    "  $('state').textContent = text;\n"
    "  $('state').className = wrong ? 'wrong' : '';\n"
    "}\n"
    "function cell(row, kind, text) {\n"
    "  const element = document.createElement(kind);\n"
    "  element.textContent = text;\n"
    "  if (kind === 'td' && text !== '' && !isNaN(text)) element.className = 'number';\n"
    "  row.appendChild(element);\n"
    "}\n"
    "function show(record, columns) {\n"
    "  for (const name of Object.keys(record)) {\n"
    "    if (!columns.includes(name)) {\n"
    "      columns.push(name);\n"
    "      cell($('names').firstChild || $('names').insertRow(), 'th', name);\n"
    "    }\n"
    "  }\n"
    "  const row = $('rows').insertRow();\n"
    "  for (const name of columns) cell(row, 'td', record[name] ?? '');\n"
    "}\n"
    "async function read(response, columns) {\n"
    "  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();\n"
    "  let rest = '', count = 0;\n"
    "  for (;;) {\n"
    "    const { value, done } = await reader.read();\n"
    "    const lines = (rest + (value || '')).split('\\n');\n"
    "    rest = done ? '' : lines.pop();\n"
    "    for (const line of lines) {\n"
    "      if (line === '') continue;\n"
    "      if (count++ < SHOWN) show(JSON.parse(line), columns);\n"
    "    }\n"
    "    say(count + ' rows');\n"
    "    if (done) return count;\n"
    "  }\n"
    "}\n"
    "async function run() {\n"
    "  if (running) running.abort();\n"
    "  const own = running = new AbortController();\n"
    "  $('names').textContent = $('rows').textContent = '';\n"
    "  $('stop').disabled = false;\n"
    "  say('...');\n"
    "  const began = performance.now();\n"
    "  const form = new URLSearchParams({ query: $('query').value });\n"
    "  for (const id of ['limit', 'start']) if ($(id).value.trim()) form.set(id, "
    "$(id).value.trim());\n"
    "  history.replaceState(null, '', '#' + form);\n"
    "  try {\n"
    "    const response = await fetch('/select/logsql/query',\n"
    "      { method: 'POST', body: form, signal: own.signal });\n"
    "    if (!response.ok) { say(await response.text(), true); return; }\n"
    "    const count = await read(response, []);\n"
    "    const partial = response.headers.get('Logq-Partial');\n"
    "    say(count + ' rows in ' + Math.round(performance.now() - began) + ' ms' +\n"
    "      (count > SHOWN ? ', the first ' + SHOWN + ' are shown' : '') +\n"
    "      (partial ? '\\nNot everything: ' + partial : ''), partial);\n"
    "  } catch (error) {\n"
    "    if (running === own) say(error.name === 'AbortError' ? 'stopped' : String(error), true);\n"
    "  } finally {\n"
    "    if (running === own) { running = null; $('stop').disabled = true; }\n"
    "  }\n"
    "}\n"
    "$('form').addEventListener('submit', event => { event.preventDefault(); run(); });\n"
    "$('stop').addEventListener('click', () => running && running.abort());\n"
    "$('query').addEventListener('keydown', event => {\n"
    "  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run();\n"
    "});\n"
    "const asked = new URLSearchParams(location.hash.slice(1));\n"
    "for (const id of ['query', 'limit', 'start']) if (asked.has(id)) $(id).value = "
    "asked.get(id);\n"
    "if (asked.has('query')) run();\n";

// False when the system has no random bytes to give.
static bool make_nonce(char nonce[2 * NONCE_BYTES + 1])
{
    unsigned char bytes[NONCE_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return false;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        (void)snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
    }
    return true;
}

void page_answer(struct connection *connection)
{
    char nonce[2 * NONCE_BYTES + 1];
    if (!make_nonce(nonce)) {
        reply_error(connection, 503, "Retry-After: 1\r\n", "no random bytes for the page");
        return;
    }
    char fields[512];
    (void)snprintf(fields, sizeof fields,
                   "Content-Security-Policy: default-src 'none'; script-src 'nonce-%s'; "
                   "style-src 'nonce-%s'; connect-src 'self'; base-uri 'none'; "
                   "form-action 'none'; frame-ancestors 'none'\r\n"
                   "Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\n",
                   nonce, nonce);
    struct text page = {0};
    text_add_string(&page, head);
    text_add_format(&page, "<style nonce=\"%s\">\n", nonce);
    text_add_string(&page, style);
    text_add_string(&page, "</style>\n");
    text_add_string(&page, body);
    text_add_format(&page, "<script nonce=\"%s\">\n", nonce);
    text_add_string(&page, script);
    text_add_string(&page, "</script>\n</body>\n</html>\n");
    if (page.is_short) {
        reply_error(connection, 503, "Retry-After: 1\r\n", "no memory for the page");
    } else {
        reply_page(connection, 200, "text/html; charset=utf-8", fields, text_bytes(&page));
    }
    text_free(&page);
}
