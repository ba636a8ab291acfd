"""A model's Markdown in the page: what it becomes, and how it looks while it grows."""

from __future__ import annotations

import random
import re

import pytest
from playwright.async_api import expect

from tests.support.browser import Tab, hold_clock
from tests.support.markdown import Drawing, drawing

GROWING = """Here is **bold, *both* of it**, ~~gone~~, `code` and [a link](https://example.org/a_b).

| Name | Size |
|:-----|-----:|
| `a`  | **1** |

1. First
2. Second with $x^2 + \\frac{a}{b}$
   - [ ] inner

```python
print("**not bold**")
```

Last words: \\(e^{i\\pi}\\) and __strong__.
"""
SIGNS = ("**", "__", "~~", "](", "```", "|:", "--", "| Name", "$", "\\(", "[ ]", "2.")
"""What must not be seen for a moment; a number of a list is no text either."""
PIECES = (
    "Plain words that go on.\n\n",
    "## A heading\n\n",
    "- one\n- two\n  1. inner\n\n",
    "> quoted **loudly**\n> twice\n\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "```js\nlet a = `1`;\n\nlet b;\n```\n\n",
    "A [name][ref] and $a_1$.\n\n",
    "$$\n\\sum_i i\n$$\n\n",
    "Broken **bold and `code\n\n",
    "[ref]: https://example.org\n\n",
    "中文**加粗。**继续\n\n",
)


@pytest.fixture
async def place(tab: Tab) -> Drawing:
    return await drawing(tab)


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**b** *e* ~~s~~", '<p dir="auto"><strong>b</strong> <em>e</em> <s>s</s></p>'),
        ("one\ntwo", '<p dir="auto">one<br>two</p>'),
        ("- [x] done", '<ul dir="auto"><li class="task">☑ done</li></ul>'),
        ("3. c", '<ol dir="auto" start="3"><li>c</li></ol>'),
        ("**中文。**继续", '<p dir="auto"><strong>中文。</strong>继续</p>'),
        ("a<br>b", '<p dir="auto">a<br>b</p>'),
        ("<b>x</b>", '<p dir="auto">&lt;b&gt;x&lt;/b&gt;</p>'),
        ("[here](/settings)", '<p dir="auto"><span>here (/settings)</span></p>'),
        ("costs $5 and $6", '<p dir="auto">costs $5 and $6</p>'),
    ],
)
async def test_markdown_becomes_elements(place: Drawing, markdown: str, html: str) -> None:
    assert await place.draw(markdown) == html


async def test_a_picture_is_a_link_and_is_not_fetched(place: Drawing) -> None:
    html = await place.draw("![a cat](https://pictures.example/cat.png)")
    assert '<a href="https://pictures.example/cat.png" target="_blank"' in html
    assert "<img" not in html


async def test_headings_stand_below_the_page_s_own_without_gaps(place: Drawing) -> None:
    html = await place.draw("# a\n\n#### b\n\n## c\n\n###### d\n")
    assert re.findall(r"<(h\d)", html) == ["h3", "h4", "h4", "h5"]


async def test_code_is_coloured_and_stays_the_same_text(place: Drawing) -> None:
    code = 'def f(x):\n    """Two\n    lines."""\n    return x'
    await place.draw(f"```python\n{code}\n```")
    await expect(place.tab.page.locator("#drawing .code-keyword").first).to_have_text("def")
    assert await place.tab.page.locator("#drawing code").text_content() == code


async def test_maths_is_drawn_with_files_of_this_host(place: Drawing) -> None:
    await place.draw("Euler: $e^{i\\pi} = -1$\n\n\\[\n\\int_0^1 x\\,dx\n\\]")
    await expect(place.tab.page.locator("#drawing .katex-html")).to_have_count(2)
    assert await place.tab.page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px KaTeX_Math'))")


async def test_a_formula_that_is_none_stays_its_source(place: Drawing) -> None:
    await place.draw("good $x$ and bad $\\frac{$")
    await expect(place.tab.page.locator("#drawing .katex")).to_have_count(1)
    await expect(place.tab.page.locator("#drawing .maths").last).to_have_text("\\frac{")


async def test_code_is_copied_as_it_was_written(place: Drawing) -> None:
    page = place.tab.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await place.draw("```sh\necho *\n\techo $HOME\n```")
    await hold_clock(page)
    await page.locator("#drawing").get_by_role("button", name="Copy").click()
    await expect(page.locator("#drawing").get_by_role("button", name="Copied")).to_be_visible()
    await page.clock.run_for(2_000)
    await expect(page.locator("#drawing").get_by_role("button", name="Copied")).to_be_hidden()
    assert await page.evaluate("navigator.clipboard.readText()") == "echo *\n\techo $HOME\n"


async def test_no_sign_of_markup_is_seen_while_it_grows(place: Drawing) -> None:
    shown = await place.prefixes(GROWING)
    seen = [(sign, text[-60:]) for text in shown for sign in SIGNS if sign in text.replace("**not bold**", "")]
    assert not [found for found in seen if "print(" not in found[1]]


async def test_what_grew_ends_as_what_came_at_once(place: Drawing) -> None:
    chance = random.Random(6)
    for _ in range(12):
        text = "".join(chance.choices(PIECES, k=7))
        grown = await place.grown(text, chance.randint(5, 60))
        await place.draw("")
        await place.draw(text)
        assert grown == await place.bare(), text


async def test_words_that_stand_already_are_not_touched(place: Drawing) -> None:
    """So that who reads can select and copy while the answer grows."""
    await place.draw("First paragraph.\n\nSecond", final=False)
    page = place.tab.page
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('#drawing p'))")
    await place.draw("First paragraph.\n\nSecond one, **and more**\n\n- list\n- goes on")
    assert await page.evaluate("getSelection().toString()") == "First paragraph."


async def test_an_answer_that_begins_again_replaces_what_was_there(place: Drawing) -> None:
    await place.draw("One.\n\nTwo.\n\nThree.\n\nFour", final=False)
    assert await place.draw("Other.") == '<p dir="auto">Other.</p>'


async def test_what_is_given_right_after_something_else_is_drawn(place: Drawing) -> None:
    shown = await place.tab.page.evaluate("""async () => {
        window.drawing.update("The answer:", { final: false });
        window.drawing.update("The answer:\\n\\n42", { final: true });
        await window.drawing.settled;
        return document.getElementById("drawing").innerText;
    }""")
    assert shown == "The answer:\n\n42"


async def test_a_link_by_name_far_before_its_address(place: Drawing) -> None:
    html = await place.draw("[there][x]\n\n" + "Words.\n\n" * 2000 + "[x]: https://example.org")
    assert html.startswith('<p dir="auto"><a href="https://example.org"')
    assert html.count("<p ") == 2001


async def test_nesting_without_end_is_drawn_flat(place: Drawing) -> None:
    """Rather than deeper than a browser can lay out; every word is there."""
    text = "*a _b " * 3000 + "c_ d* " * 3000
    html = await place.draw(text)
    assert len(re.findall(r"\b[abcd]\b", re.sub(r"<[^>]*>", "", html))) == 12_000


async def test_what_cannot_be_drawn_is_shown_as_it_was_written(place: Drawing) -> None:
    page = place.tab.page
    await page.evaluate("""() => {
        const create = document.createElement;
        document.createElement = function (tag) {
            if (tag === "em") throw new Error("no memory left");
            return create.call(document, tag);
        };
    }""")
    assert await place.draw("One *two*\nthree") == '<p class="plain">One *two*\nthree</p>'
    assert await place.draw("One **two**") == '<p dir="auto">One <strong>two</strong></p>'
    assert [complaint for complaint in place.tab.complaints if "no memory left" in complaint]
    place.tab.complaints.clear()
