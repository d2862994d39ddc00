"""The lesson `misleading` for print."""

from html import escape

from heta_core.learning._traps import HIGH
from heta_core.teaching.contract import Data
from heta_core.teaching.drawing import Writer, found, note, row_of_words, sentence, table
from heta_core.views import words

_LEAST_SHOWN = 0.005  # nats; less has no shade to speak of


def still(data: Data, *, is_solved: bool = False) -> str:
    """One state of each picture; what is to be concluded stands in the teacher's copy alone."""
    write = found(is_solved=is_solved)
    drawn = {
        "sink": _sink(data["sink"]),
        "redundancy": _redundancy(data["redundancy"], write),
        "masks": _masks(data["masks"], write),
        "wrong": _wrong(data["wrong"]["stories"][0], write),
    }
    ends = {name: f" <span>{escape(data[name]['conclude'])}</span>" if is_solved else "" for name in drawn}
    return "".join(f"<h4>{escape(data[name]['title'])}{ends[name]}</h4>{html}" for name, html in drawn.items())


def _sink(sink: Data) -> str:
    mark = [body for _, body, _, _ in sink["parts"]].index("?")
    looked, flows = (words.percent(sink[name][mark]) for name in ("attention", "transition"))
    moved = words.number(sink["kl"][mark])
    told = f"“?” gets {looked} of attention and {flows} of the flow. Masking it moves the prediction by {moved} nats."
    return sentence(f"{sink['text']} → {sink['chances'][0]['label']}") + note(told)


def _redundancy(twice: Data, write: Writer) -> str:
    puts: tuple[Writer, ...] = (str, str, write)
    rows = [
        (each["title"], put(f"{words.number(each['kl'])} nats"), put(words.quoted(each["chances"][0]["label"])))
        for each, put in zip(twice["sets"], puts, strict=True)
    ]
    return sentence(f"{twice['text']} → {twice['chances'][0]['label']}") + table(("Masked", "KL", "then says"), rows)


def _masks(masks: Data, write: Writer) -> str:
    """Of each mask the words that any of them calls important; the first two are to be found."""
    columns = [k for k in range(len(masks["parts"])) if any((m["kl"][k] or 0) >= HIGH for m in masks["masks"])]
    puts: tuple[Writer, ...] = (write, write, str, str, str)
    rows = [
        (m["title"], *(put(_nats(m["kl"][k])) for k in columns)) for m, put in zip(masks["masks"], puts, strict=True)
    ]
    bodies = [body for _, body, _, _ in masks["parts"]]
    head = ["KL, nats", *(f"{bodies[k]} ({k})" if bodies.count(bodies[k]) > 1 else bodies[k] for k in columns)]
    return sentence(f"{masks['text']} → {masks['chances'][0]['label']}") + table(head, rows)


def _wrong(story: Data, write: Writer) -> str:
    kls = [write(words.number(kl)) if kl >= _LEAST_SHOWN else "" for kl in story["kl"]]
    depths = [min(1.0, kl / max(story["kl"])) for kl in story["kl"]]
    says = f"The model says {words.quoted(story['chances'][0]['label'])}, the story {words.quoted(story['truth'])}."
    told = f"{says} Below the words: KL in nats, where that is {_LEAST_SHOWN:g} or more."
    return row_of_words(story["parts"], kls, depths) + note(told)


def _nats(kl: float | None) -> str:
    return "cannot be hidden" if kl is None else words.number(kl)
