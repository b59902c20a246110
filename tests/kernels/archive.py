# SPDX-License-Identifier: MIT
# archive.py: Debian packages of other releases and architectures, fetched by apt, never installed.
#
# All of apt's state lives in one folder of our own: the machine's sources, architectures and
# installed packages stay as they are. Mirrors, proxies and keys are those the machine uses already.
import json
import os
import re
import shlex
import time
from pathlib import Path

from command import Failed, last_line, run

LISTS_KEPT_SECONDS = 7 * 86400
UPDATE_SECONDS = 900
DOWNLOAD_SECONDS = 900
QUERY_SECONDS = 120

KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg",
            "/usr/share/keyrings/debian-archive-keyring.pgp")
RELEASE_NAMES = ("bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable")
OFF = ("no", "false", "without", "off", "disable", "0")
POCKETS = ("", "-updates", "-backports", "-proposed-updates")


class Source:
    """One entry of the machine's apt sources."""

    def __init__(self, uris, suites, components, options):
        self.uris = uris
        self.suites = suites
        self.components = components
        self.options = options  # lower-case names

    def serves(self, suites):
        return "main" in self.components and any(suite in suites for suite in self.suites)

    def signed_by_debian(self):
        keys = self.options.get("signed-by", "")
        return keys == "" or "debian-archive" in keys or "BEGIN PGP" in keys


def parse_one_line(text):
    """The sources of a file in the style 'deb [options] uri suite component...'."""
    found = []
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if match:
            pairs = (word.partition("=") for word in (match[1] or "").split())
            options = {name.lower(): value for name, _, value in pairs}
            found.append(Source([match[2]], [match[3]], match[4].split(), options))
    return found


def parse_paragraphs(text):
    """Paragraphs of 'Field: value', as dictionaries by lower-case names."""
    paragraphs = []
    for block in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields = {}
        name = None
        for line in block.splitlines():
            if line[:1] in (" ", "\t") and name:
                fields[name] += "\n" + line.strip()
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields:
            paragraphs.append(fields)
    return paragraphs


def parse_deb822(text):
    """The sources of a file in the style of paragraphs."""
    found = []
    for fields in parse_paragraphs(text):
        enabled = fields.get("enabled", "yes").lower() not in OFF
        if enabled and "deb" in fields.get("types", "").split():
            found.append(Source(fields.get("uris", "").split(), fields.get("suites", "").split(),
                                fields.get("components", "").split(), fields))
    return found


def machine_sources():
    """All sources apt is set up with here."""
    paths = apt_settings({"list": "Dir::Etc::sourcelist/f", "parts": "Dir::Etc::sourceparts/d"})
    files = [Path(paths["list"])]
    parts = Path(paths["parts"])
    if parts.is_dir():
        files += sorted(parts.iterdir())
    found = []
    for file in files:
        if file.suffix in (".list", ".sources") and file.is_file():
            text = file.read_text(errors="replace")
            found += parse_deb822(text) if file.suffix == ".sources" else parse_one_line(text)
    return found


def choose_mirrors(sources):
    """Addresses to their 'trusted' option: of Debian's releases, and of their security updates."""
    plain = {name + pocket for name in RELEASE_NAMES for pocket in POCKETS}
    security = {name + suffix for name in RELEASE_NAMES for suffix in ("-security", "/updates")}
    chosen = []
    for suites in (plain, security):
        serving = [source for source in sources if source.serves(suites)]
        serving = [source for source in serving if source.signed_by_debian()] or serving
        mirrors = {}
        for source in serving:
            for uri in source.uris:
                mirrors.setdefault(uri, source.options.get("trusted", ""))
        chosen.append(mirrors)
    return chosen


def apt_settings(names):
    """Settings of the machine's apt: a name of our own for each 'Group::setting/form'."""
    arguments = [word for pair in names.items() for word in pair]
    text = run(["apt-config", "shell", *arguments], QUERY_SECONDS).stdout
    settings = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        settings[name] = "".join(shlex.split(value))
    return settings


class Archive:
    """The packages of some suites: wanted maps each suite to the architectures it is read for."""

    def __init__(self, folder, wanted):
        self.folder = folder
        self.packages = folder / "packages"
        self.wanted = wanted
        self.memory = folder / "answers.json"
        self.read_at = 0.0
        self.complaints = []  # errors of apt when it read the lists
        self.answers = {}  # what was asked of these lists; kept, since apt takes seconds for each
        self.used = set()  # names of files in packages

    def prepare(self, fresh=False):
        """Has apt read the lists, when ours are old, not to be trusted, or of other sources."""
        for name in ("state/lists/partial", "cache/archives/partial", "empty", "packages"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").write_text("")
        text = self.sources_text()
        sources = self.folder / "machine.sources"
        same = sources.is_file() and sources.read_text() == text
        sources.write_text(text)
        self.write_configuration()
        if same and not fresh and self.memory.is_file():
            known = json.loads(self.memory.read_text())
            if time.time() - known["read_at"] < LISTS_KEPT_SECONDS:
                self.read_at, self.answers = known["read_at"], known["answers"]
                return
        self.read_at = time.time()
        answer = self.apt("apt-get", ["update", "-qq", "--error-on=any"], UPDATE_SECONDS)
        if answer.returncode != 0:
            self.complaints = [line for line in answer.stderr.splitlines()
                               if line.startswith("E:")] or [last_line(answer.stderr)]

    def keep(self, everything_asked):
        """Remembers the answers, if all lists could be read, and drops packages of no use now."""
        self.memory.unlink(missing_ok=True)
        if not self.complaints:
            text = json.dumps({"read_at": self.read_at, "answers": self.answers}, indent=1)
            self.memory.write_text(text)
        for path in self.packages.iterdir():
            if everything_asked and path.name not in self.used:
                path.unlink()
        for path in self.folder.glob("cache/*.bin"):
            path.unlink()

    def sources_text(self):
        mirrors, security = choose_mirrors(machine_sources())
        if not mirrors:
            raise Failed("no source of this machine's apt serves a release of Debian")
        keyring = next((path for path in KEYRINGS if os.path.exists(path)), None)
        if keyring is None:
            raise Failed("Debian's keys are missing: install debian-archive-keyring")
        paragraphs = []
        for suite, architectures in sorted(self.wanted.items()):
            chosen = security if suite.endswith("-security") else mirrors
            for uri, trusted in chosen.items():
                lines = ["Types: deb", f"URIs: {uri}", f"Suites: {suite}", "Components: main",
                         f"Architectures: {' '.join(sorted(architectures))}",
                         f"Signed-By: {keyring}"]
                if trusted:
                    lines.append(f"Trusted: {trusted}")
                paragraphs.append("\n".join(lines))
        return "\n\n".join(paragraphs) + "\n"

    def write_configuration(self):
        """Keeps how the machine reaches its mirrors; not its hooks, which act on its own state."""
        native = apt_settings({"native": "APT::Architecture"})["native"]
        kept = []
        for line in run(["apt-config", "dump"], QUERY_SECONDS).stdout.splitlines():
            if line.startswith("Acquire::") and not re.match(
                    r"Acquire::(IndexTargets|Languages|Changelogs)\b", line):
                kept.append(line)
        others = sorted(set().union(*self.wanted.values()) - {native})
        lines = kept + [
            'Acquire::Languages "none";',
            'Acquire::Retries "3";',
            f'Dir::State "{self.folder}/state";',
            f'Dir::State::status "{self.folder}/status";',
            f'Dir::Cache "{self.folder}/cache";',
            f'Dir::Log "{self.folder}";',
            f'Dir::Etc::main "{self.folder}/empty/none";',
            f'Dir::Etc::parts "{self.folder}/empty";',
            f'Dir::Etc::sourcelist "{self.folder}/machine.sources";',
            f'Dir::Etc::sourceparts "{self.folder}/empty";',
            f'Dir::Etc::preferences "{self.folder}/empty/none";',
            f'Dir::Etc::preferencesparts "{self.folder}/empty";',
            "#clear APT::Architectures;",
            *[f'APT::Architectures:: "{name}";' for name in [native, *others]],
            # The folder may be one that the user apt would change to cannot write to.
            'APT::Sandbox::User "";',
        ]
        path = self.folder / "apt.conf"
        path.unlink(missing_ok=True)
        # A proxy's address may hold a password.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def apt(self, program, arguments, seconds, **options):
        environment = dict(os.environ, APT_CONFIG=str(self.folder / "apt.conf"), LC_ALL="C.UTF-8")
        return run([program, *arguments], seconds, env=environment, **options)

    def newest(self, pattern, architecture):
        """'name:architecture=version' of the newest package with such a name; None if none has."""
        question = f"newest {pattern} {architecture}"
        found = self.answers.get(question) or self.look_up_newest(pattern, architecture)
        if found:
            self.answers[question] = found
        return found

    def look_up_newest(self, pattern, architecture):
        prefix = re.match(r"[a-z0-9-]*", pattern)[0]
        known = self.apt("apt-cache", ["pkgnames", prefix], QUERY_SECONDS).stdout.split()
        names = sorted({name for name in known if re.fullmatch(pattern, name)})
        if not names:
            return None
        shown = self.apt("apt-cache", ["show", *[f"{name}:{architecture}" for name in names]],
                         QUERY_SECONDS).stdout
        best = None
        for paragraph in parse_paragraphs(shown):
            name, version = paragraph["package"], paragraph["version"]
            if best is None or newer(version, best[1]):
                best = (name, version)
        return f"{best[0]}:{architecture}={best[1]}" if best else None

    def fetch(self, package):
        """The .deb of 'name:architecture=version' or 'name:architecture/suite'."""
        question = f"fetch {package}"
        path = self.packages / self.answers.get(question, "none")
        if not path.is_file():
            path = self.download(package)
            self.answers[question] = path.name
        self.used.add(path.name)
        return path

    def download(self, package):
        listed = self.apt("apt-get", ["download", "--print-uris", package], QUERY_SECONDS)
        match = re.match(r"'[^']*' (\S+) (\d+)", listed.stdout)
        if not match:
            raise Failed(f"{package} is not in this machine's sources: "
                               f"{last_line(listed.stderr)}")
        path = self.packages / match[1]
        if not (path.is_file() and path.stat().st_size == int(match[2])):
            answer = self.apt("apt-get", ["download", "-qq", package], DOWNLOAD_SECONDS,
                              cwd=self.packages)
            if answer.returncode != 0 or not path.is_file():
                self.complaints.append(last_line(answer.stderr))  # the lists may be out of date
                raise Failed(f"{package} cannot be fetched: {last_line(answer.stderr)}")
        return path


def newer(version, other):
    return run(["dpkg", "--compare-versions", version, "gt", other], QUERY_SECONDS).returncode == 0


def extract(package, folder):
    """Unpacks a .deb's files; nothing of it is run."""
    folder.mkdir(parents=True, exist_ok=True)
    answer = run(["dpkg-deb", "--extract", str(package), str(folder)], QUERY_SECONDS)
    if answer.returncode != 0:
        raise Failed(f"{package.name} cannot be unpacked: {last_line(answer.stderr)}")
