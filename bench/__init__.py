"""What we claim about speed, memory and cost, as programs anyone can run, one after the other with `make bench`. What they
print is in the documents: figures in `docs/operations.md`, `docs/comparison.md` and those of the platforms.

On Discord:

    python -m bench.discord_delay
        how much later than the model one person sees the first words and the whole answer
    python -m bench.discord_faults [PEOPLE]
        who gets the whole answer, once, while a third of all writes fails, or Discord takes nothing for a minute
    python -m bench.discord_load [PEOPLE]
        how soon all have their answer who ask at once, at what cost
    python -m bench.discord_transcript
        a conversation as people see it

On Telegram:

    python -m bench.telegram_delay
        how much later than the model one person sees the first words and the whole answer
    python -m bench.telegram_faults [PEOPLE]
        who gets the whole answer, and how often one is doubled, while calls fail, or Telegram takes nothing for a minute
    python -m bench.telegram_load [PEOPLE ...]
        how soon all have their answer who ask at once, at what cost
    python -m bench.telegram_transcript
        a conversation as people see it

On the page, and at the API:

    python -m bench.page_speed
        what the page weighs in a Chromium, how soon it shows the first word, whether a long answer keeps it from anything
    python -m bench.web_delay
        how much later than the model the page has the first words and the whole answer
    python -m bench.web_idle [PAGES]
        what an open and silent page costs the server
    python -m bench.web_load [VISITORS ...]
        what visitors who ask at once cost, beside a bare relay of the same streams
    python -m bench.api_relay [CLIENTS ...]
        the same of programs at the API, and what it adds for a single one

Everywhere:

    python -m bench.platforms_load [PEOPLE]
        people at once on Discord, Telegram and terminals, in one process on one store
    python -m bench.provider_line [SECONDS ...]
        how much of a provider that takes eight calls at once the line of 300 people leaves unused
    python -m bench.moderation_delay
        how much later the words come that are checked first
    python -m bench.context_read
        whether a long history costs more to read than a short one
    python -m bench.prompt_prefix
        how much of each prompt a provider knows from the one before, and what that saves
    python -m bench.stream_cpu
        what a streamed chunk costs, and how many streams a process carries
    python -m bench.idle
        memory and start time of a process that does nothing
    python -m bench.name_recall
        how often the built-in model knows a name that it was told before

As documents:

    python -m bench.newcomer [--write]
        a newcomer's way to the first answer, with every word and the seconds: `docs/newcomer.md`
    python -m bench.troubles_transcript [SCENE …]
        what people and the operator see when something goes wrong: `docs/troubles.md`
"""
