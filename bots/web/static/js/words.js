// The page's words, as the server wrote them into the document, in the reader's language.

const words = JSON.parse(document.getElementById("words").textContent);

export const language = document.documentElement.lang;

/** Pairs of tag and name. */
export const languages = JSON.parse(document.getElementById("languages").textContent);

const numbers = new Intl.NumberFormat(language);
const plurals = new Intl.PluralRules(language);
const CATEGORIES = ["zero", "one", "two", "few", "many", "other"];
const categories = plurals.resolvedOptions().pluralCategories.sort((one, other) => CATEGORIES.indexOf(one) - CATEGORIES.indexOf(other));

/** The words of that name; {placeholders} are filled with *values*, {numbers:word|words} with the form of the word that goes with them. */
export function say(name, values = {}) {
  return words[name].replace(/\{(\w+)(?::([^}]*))?\}/g, (_, key, forms) => {
    const value = values[key];
    const said = typeof value === "number" ? number(value) : String(value);
    return forms ? `${said} ${formFor(value, forms.split("|"))}` : said;
  });
}

/** As `core/wording.py` has it: the last form stands for those that would follow. */
const formFor = (value, forms) => forms[Math.min(categories.indexOf(plurals.select(value)), forms.length - 1)];

const times = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

export const number = (value) => numbers.format(value);

/** A moment in Unix seconds. */
export const time = (seconds) => times.format(new Date(seconds * 1000));

/** US dollars as people read them: four decimals below ten cents, else two. */
export function money(dollars) {
  if (dollars === null || dollars === undefined) return say("cost_unknown");
  if (dollars > 0 && dollars < 0.0001) return "< $0.0001";
  return `$${dollars.toFixed(dollars > 0 && dollars < 0.1 ? 4 : 2)}`;
}

/** Which heading of the side bar a conversation stands under. */
export function day(seconds, now = new Date()) {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = Math.ceil((midnight - seconds * 1000) / 86_400_000);
  if (days <= 0) return say("today");
  if (days === 1) return say("yesterday");
  if (days <= 7) return say("this_week");
  return days <= 30 ? say("this_month") : say("older");
}
