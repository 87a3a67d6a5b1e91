import { framed } from "@/lib/mail-frame";
import { outbox } from "@/messages/notify";

/** A mail as a mail program shows it, with no right in it: it runs nothing, sends nothing, opens nothing, and sees nothing of this page. */
export function MailFrame({ subject, html }: { subject: string; html: string }) {
  return (
    // A frame for each text: one that was given another would be a step to go back through in the browser's history.
    <iframe
      key={html}
      sandbox=""
      srcDoc={framed(html)}
      title={outbox.mail(subject)}
      className="h-96 w-full rounded-md border border-line bg-white [color-scheme:light]"
    />
  );
}
