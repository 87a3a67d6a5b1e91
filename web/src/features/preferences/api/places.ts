/** The parts of the page, as links. */
export const PREFERENCES = "/preferences";
export const DEVICES = `${PREFERENCES}?view=devices`;
export const SUBSCRIPTIONS = `${PREFERENCES}?view=subscriptions`;
