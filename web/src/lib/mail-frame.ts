// A mail in a frame.

const POLICY = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`;

/** A mail's HTML for a frame of its own: nothing in it is fetched. */
export function framed(html: string): string {
  return `<!doctype html>${POLICY}${html.replace(/^\s*<!doctype[^>]*>/i, "")}`;
}
