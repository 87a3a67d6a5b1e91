/** The parts of the page, as links. */
export const RULES = "/rules";
export const WINDOWS = `${RULES}?view=windows`;
export const INHIBITIONS = `${RULES}?view=inhibitions`;
export const TEAMS = `${RULES}?view=teams`;
export const ROLES_VIEW = `${RULES}?view=roles`;
export const SCHEDULES = `${RULES}?view=schedules`;
export const CHAINS = `${RULES}?view=chains`;
