import type { Problem } from "./types";

/** An answer of the API that says no, or no answer at all (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }
}

export async function problemOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const problem = typeof body === "object" && body !== null ? (body as Problem) : {};
  return new ApiError(response.status, { title: response.statusText, ...problem });
}

/** What is wrong with which field, by the field's dotted name. */
export type FieldProblems = Readonly<Record<string, string>>;

/** What the answer says of single fields; empty where it says nothing of any. */
export function fieldProblems(error: unknown): FieldProblems {
  if (!(error instanceof ApiError)) return {};
  return Object.fromEntries((error.problem.errors ?? []).map(({ field, problem }) => [field, problem]));
}
