"""The page's own Markdown, drawn in a tab as answers are."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.browser import Tab

WORDS = '{copy: "Copy", copied: "Copied", code: "Code", table: "Table", formula: "Formula"}'


@dataclass(frozen=True, slots=True)
class Drawing:
    """A place of its own in the page."""

    tab: Tab

    async def begin(self) -> None:
        await self.tab.page.evaluate(f"""async () => {{
            const style = document.querySelector('link[href$="markdown.css"]').href;
            const {{ Rendering }} = await import(style.replace("markdown.css", "rendering.js"));
            const place = document.createElement("section");
            place.id = "drawing";
            document.querySelector("main").prepend(place);
            window.Rendering = Rendering;
            window.words = {WORDS};
            window.drawing = new Rendering(place, window.words);
        }}""")

    async def draw(self, text: str, *, final: bool = True) -> str:
        """What the page shows of *text*, as HTML."""
        return str(
            await self.tab.page.evaluate(
                """async ([text, final]) => {
                    window.drawing.update(text, { final });
                    await window.drawing.settled;
                    return document.getElementById("drawing").innerHTML;
                }""",
                [text, final],
            )
        )

    async def prefixes(self, text: str) -> list[str]:
        """What a reader sees of each beginning of *text* while it grows."""
        shown: list[str] = await self.tab.page.evaluate(
            """async (text) => {
                const place = document.getElementById("drawing");
                const shown = [];
                for (let end = 1; end <= text.length; end += 1) {
                    place.replaceChildren();
                    const begun = new window.Rendering(place, window.words);
                    begun.update(text.slice(0, end), { final: false });
                    await begun.settled;
                    shown.push(place.innerText);
                }
                place.replaceChildren();
                window.drawing = new window.Rendering(place, window.words);
                return shown;
            }""",
            text,
        )
        return shown

    async def grown(self, text: str, step: int) -> str:
        """The HTML after *text* has come in pieces of *step* characters."""
        for end in range(step, len(text), step):
            await self.draw(text[:end], final=False)
        await self.draw(text)
        return await self.bare()

    async def bare(self) -> str:
        """The HTML without what comes later by itself: formulas, and colours in code."""
        html = await self.tab.page.evaluate("""() => {
            const bare = document.getElementById("drawing").cloneNode(true);
            for (const formula of bare.querySelectorAll(".maths")) formula.replaceChildren();
            for (const line of bare.querySelectorAll("pre span")) line.textContent = line.textContent;
            return bare.innerHTML;
        }""")
        return str(html)


async def drawing(tab: Tab) -> Drawing:
    begun = Drawing(tab)
    await begun.begin()
    return begun
