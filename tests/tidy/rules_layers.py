# SPDX-License-Identifier: MIT
# rules_layers.py: who may include whom.
import posixpath

import house
from tree import Complaint, below


def _layer(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "src" and parts[1] in house.LAYERS else None


def layers(sources):
    """base <- sys <- core <- api: a file includes its own layer or lower ones."""
    for source in below(sources, "src/"):
        own = _layer(source.path)
        if own is None:
            continue
        for line, system, name in source.includes():
            if (source.path, name) in house.GATED_INCLUDES:
                continue
            if system:
                if name.startswith("spargio") and own in house.BELOW_PUBLIC:
                    yield Complaint(source.path, line, "layers",
                                    "src/%s includes the public <%s>" % (own, name),
                                    "let the layer above pass what is needed")
                continue
            layer = name.split("/")[0]
            if "/" not in name or layer not in house.LAYERS:
                yield Complaint(source.path, line, "layers", '"%s" names no layer' % name,
                                'write "layer/noun.h", with one of %s' % ", ".join(house.LAYERS))
            elif house.LAYERS.index(layer) > house.LAYERS.index(own):
                yield Complaint(source.path, line, "layers",
                                "src/%s includes %s, which lies above it" % (own, name),
                                "call upwards through a function pointer in a struct, or move it")
            elif "src/" + name not in sources:
                yield Complaint(source.path, line, "layers", "src/%s is not there" % name,
                                "mend the name")


def pure_layer(sources):
    """The lowest layer knows neither threads nor system calls."""
    for source in below(sources, "src/%s/" % house.PURE_LAYER):
        for line, system, name in source.includes():
            if (system and name not in house.PURE_SYSTEM_HEADERS
                    and (source.path, name) not in house.PURE_EXCEPTIONS):
                yield Complaint(source.path, line, "pure-layer",
                                "src/%s includes <%s>" % (house.PURE_LAYER, name),
                                "move what needs it to src/sys")


def include_cycles(sources):
    """No header includes itself, by whatever detour."""
    graph = {}
    for source in below(sources, "src/", "include/"):
        roots = ("src/", "include/")
        graph[source.path] = [
            (line, root + name) for line, _, name in source.includes()
            for root in roots if root + name in sources]
    done = set()

    def walk(path, trail):
        if path in done:
            return
        for line, name in graph.get(path, []):
            if name in trail:
                circle = trail[trail.index(name):] + [name]
                yield Complaint(path, line, "include-cycle", " -> ".join(circle),
                                "move what both need into a header below them")
            else:
                yield from walk(name, trail + [name])
        done.add(path)

    for path in sorted(graph):
        yield from walk(path, [path])


def public_only(sources):
    """Programs see the library as its users do."""
    for source in below(sources, *house.PUBLIC_ONLY):
        parts = source.path.split("/")
        own = "/".join(parts[:2]) if parts[0] == "apps" else parts[0]
        for line, system, name in source.includes():
            if system and name.startswith("spargio"):
                if "include/" + name not in sources:
                    yield Complaint(source.path, line, "public-only",
                                    "<%s> is no public header" % name, "mend the name")
                continue
            if system:
                wrong = name.split("/")[0] in house.LAYERS and "src/" + name in sources
            else:
                beside = posixpath.normpath(posixpath.join(source.folder, name))
                wrong = not any(place in sources and place.startswith(own + "/")
                                for place in (beside, own + "/" + name))
            if wrong:
                yield Complaint(source.path, line, "public-only",
                                "%s includes %s, which is not its own" % (own, name),
                                "use <spargio/...> and files of %s/; if a call is missing, make it "
                                "a public one" % own)


def public_headers(sources):
    """Public headers include each other and the system, nothing of src/; one names io_uring."""
    for source in below(sources, "include/"):
        for line, system, name in source.includes():
            if not system:
                yield Complaint(source.path, line, "public-headers", 'includes "%s"' % name,
                                "write <spargio/noun.h>")
            elif name.startswith("spargio") and "include/" + name not in sources:
                yield Complaint(source.path, line, "public-headers", "<%s> is not there" % name,
                                "mend the name")
        if source.name == "uring.h":
            continue
        for word, line in source.words():
            if "uring" in word.lower():
                yield Complaint(source.path, line, "public-headers", "'%s' names io_uring" % word,
                                "only uring.h does, so that a fallback can follow")


RULES = [layers, pure_layer, include_cycles, public_only, public_headers]
