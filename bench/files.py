"""Files of many formats, made of nothing but Python's own library: whole ones, and ones that break readers.

Each maker takes a document {"id", "title", "text"} and gives the bytes of a file that holds its text.
"""

import csv
import html
import io
import json
import random
import re
import struct
import textwrap
import zipfile
import zlib

SENTENCE = re.compile(r"(?<=[.!?])\s+")


def sentences(document):
    return [sentence for sentence in SENTENCE.split(document["text"]) if sentence]


def txt(document):
    return f"{document['title']}\n\n{document['text']}\n".encode()


def md(document):
    items = "\n".join(f"- {sentence}" for sentence in sentences(document)[1:])
    return f"# {document['title']}\n\n{sentences(document)[0]}\n\n## In detail\n\n{items}\n".encode()


def page(document):
    menu = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in ("home", "products", "contact"))
    body = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences(document))
    title = html.escape(document["title"])
    return (
        f"<!doctype html><html><head><title>{title}</title></head><body><nav><ul>{menu}</ul></nav>"
        f"<main><article><h1>{title}</h1>{body}</article></main><footer>All rights reserved.</footer></body></html>"
    ).encode()


def table(document):
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["number", "about", "said"])
    for number, sentence in enumerate(sentences(document), 1):
        rows.writerow([number, document["title"], sentence])
    return out.getvalue().encode()


def value(document):
    body = {"title": document["title"], "parts": [{"number": n, "text": s} for n, s in enumerate(sentences(document), 1)]}
    return json.dumps(body, indent=1).encode()


def lines(document):
    return b"".join(json.dumps({"said": sentence}).encode() + b"\n" for sentence in sentences(document))


def xml(document):
    body = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences(document))
    return f'<?xml version="1.0"?><report><title>{html.escape(document["title"])}</title>{body}</report>'.encode()


def mail(document):
    head = f"From: ann@example.org\r\nTo: bob@example.org\r\nSubject: {document['title']}\r\n"
    kind = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    return (head + kind + "\r\n".join(textwrap.wrap(document["text"], 200))).encode()


def rtf(document):
    return ("{\\rtf1\\ansi " + "\\par ".join([document["title"], *sentences(document)]) + "\\par}").encode("ascii", "replace")


def notebook(document):
    cells = [{"cell_type": "markdown", "metadata": {}, "source": [f"# {document['title']}"]}]
    cells += [{"cell_type": "markdown", "metadata": {}, "source": [sentence]} for sentence in sentences(document)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def subtitles(document):
    shown = enumerate(sentences(document), 1)
    return "".join(f"{n}\n00:{n:02}:00,000 --> 00:{n:02}:05,000\n{s}\n\n" for n, s in shown).encode()


def docx(document):
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(f"<w:p><w:r><w:t>{html.escape(s)}</w:t></w:r></w:p>" for s in [document["title"], *sentences(document)])
    return packed(
        {
            "[Content_Types].xml": "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>",
            "word/document.xml": f'<w:document xmlns:w="{name}"><w:body>{body}<w:sectPr/></w:body></w:document>',
        }
    )


def archive(document):
    return packed({"first.txt": document["text"], "folder/second.md": f"# {document['title']}\n\nNothing more.\n"})


def packed(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in files.items():
            container.writestr(name, content)
    return out.getvalue()


def pdf(document, more=()):
    """The text on the first page, other texts on a page each, with a cross-reference table that is right."""
    return drawn_pdf([drawn(f"{document['title']}. {document['text']}"), *map(drawn, more)])


def drawn(text):
    """The operators that put a text on a page."""
    rows = (row.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for row in textwrap.wrap(text, 90))
    shown = " ".join(f"1 0 0 1 50 {760 - 14 * place} Tm ({row}) Tj" for place, row in enumerate(rows))
    return f"BT /F1 10 Tf {shown} ET"


def drawn_pdf(contents):
    """A PDF with these operators on its pages."""
    kids = " ".join(f"{4 + place * 2} 0 R" for place in range(len(contents)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for place, content in enumerate(contents):
        fonts = "/Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {fonts} /Contents {5 + place * 2} 0 R >>")
        objects.append(f"<< /Length {len(content) + 1} >>\nstream\n{content}\nendstream")
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1", "replace")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


MAKERS = {
    "txt": txt,
    "md": md,
    "html": page,
    "csv": table,
    "json": value,
    "pdf": pdf,
    "jsonl": lines,
    "docx": docx,
    "xml": xml,
    "eml": mail,
    "rtf": rtf,
    "ipynb": notebook,
    "srt": subtitles,
    "zip": archive,
}


def made(document, ending):
    """A file {"name", "bytes"} of a format, named by its ending."""
    return {"name": f"{document['id']}.{ending}", "bytes": MAKERS[ending](document)}


def hostile(chance):
    """Files that readers stumble over, by name: the bytes, and how they may end.

    "refused": with a reason, there is no text to be had. "either": a patient reader finds some.
    """
    filler = {"id": "h", "title": "Hostile", "text": "Nothing of this is ever read. " * 40}
    office = docx(filler)
    whole = pdf(filler)
    deep = chance.randint(50_000, 100_000)
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + "EncryptedPackage\0".encode("utf-16-le")
    return {
        "truncated.docx": (office[: len(office) * 2 // 3], "refused"),
        "truncated.xlsx": (packed({"xl/workbook.xml": "<workbook/>" * 100})[:60], "refused"),
        "truncated.pdf": (whole[: len(whole) // 2], "either"),
        "bomb.docx": (packed({"word/document.xml": " " * (64 << 20)}), "refused"),
        "liar.docx": (declaring(2 << 30), "refused"),
        "picture.pdf": (b"\x89PNG\r\n\x1a\n" + chance.randbytes(200), "refused"),
        "page.docx": (b"<html><body>404 Not Found</body></html>", "refused"),
        "random.bin": (b"\x00\x01" + chance.randbytes(5_000), "refused"),
        "blank.txt": (b" \n\t \n" * 20, "refused"),
        "encrypted.docx": (ole.ljust(1024, b"\0"), "refused"),
        "deep.json": (b"[" * deep + b"1" + b"]" * deep, "refused"),
        "deep.html": (b"<html><body>" + b"<div>" * deep + b"x", "refused"),
        "deep.xml": (b'<?xml version="1.0"?>' + b"<a>" * deep + b"x", "either"),
        "references.pdf": (whole.replace(b" 00000 n", b" 00007 n").replace(b"startxref\n", b"startxref\n9"), "either"),
        "endless.pdf": (endless(), "either"),
        "operators.pdf": (drawn_pdf(["q 1 0 0 1 0 0 cm 0 0 m 1 1 l S Q " * 60_000]), "either"),
    }


def endless():
    """A PDF whose page draws a form that draws itself."""
    form = (
        "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >> /Length 12 >>"
        "\nstream\n/X Do /X Do\nendstream"
    )
    whole = drawn_pdf(["/X Do BT /F1 9 Tf (x) Tj ET"])
    whole = whole.replace(b"/Resources << ", b"/Resources << /XObject << /X 6 0 R >> ")
    return whole.replace(b"xref\n0 ", f"6 0 obj\n{form}\nendobj\nxref\n0 ".encode(), 1)


def declaring(size):
    """A Word document whose entry says that it has so many bytes, and has few."""
    name, data = b"word/document.xml", zlib.compress(b" " * 1000, 9)[2:-4]
    numbers = struct.pack("<III", 0, len(data), size)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + numbers + struct.pack("<HH", len(name), 0) + name + data
    central = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0) + numbers
    central += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def mixed(documents, endings, seed=7):
    """A file of a random format for each document."""
    chance = random.Random(seed)
    return [{**document, **made(document, chance.choice(endings))} for document in documents]
