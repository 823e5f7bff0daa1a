// What the page shows before anyone has chosen anything; the build draws it beforehand.

export const languages = ["en", "zh"];
export const FORMULA = "e = (a+b)*(b+1)";
export const INPUTS = { a: 2, b: 1 };

/** The requests whose answers are drawn when the site is built. */
export const opening = {
  expression: (language) => ({
    do: "expression",
    formula: FORMULA,
    inputs: INPUTS,
    language,
  }),
  network: () => ({ do: "network", settings: {} }),
};
