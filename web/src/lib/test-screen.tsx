// A page that components are shown on, and hands to work them with; for tests only.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";

type Input = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

export class TestScreen {
  readonly page = document.body.appendChild(document.createElement("main"));
  readonly cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  private readonly root: Root = createRoot(this.page);

  async show(children: ReactNode): Promise<void> {
    await act(async () =>
      this.root.render(<QueryClientProvider client={this.cache}>{children}</QueryClientProvider>),
    );
    await this.settle();
  }

  /** Until what was begun is done: a few turns of the timers, however long they take. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await act(async () => new Promise((done) => setTimeout(done)));
  }

  async close(): Promise<void> {
    await act(async () => this.root.unmount());
    this.page.remove();
  }

  dialog(): HTMLElement | null {
    return this.page.querySelector("dialog");
  }

  text(selector: string): string | undefined {
    return this.page.querySelector(selector)?.textContent ?? undefined;
  }

  buttons(within: ParentNode | null = this.page): string[] {
    return [...(within?.querySelectorAll("button") ?? [])].map(nameOf);
  }

  button(name: string, within: ParentNode | null = this.page): HTMLButtonElement {
    const found = [...(within?.querySelectorAll("button") ?? [])].find((each) => nameOf(each) === name);
    if (!found) throw new Error(`no button ${name} among ${this.buttons(within).join(", ")}`);
    return found;
  }

  async click(name: string, within?: ParentNode | null): Promise<void> {
    await act(async () => this.button(name, within).click());
    await this.settle();
  }

  /** The input that a label, or its own name, says. */
  field(name: string): Input {
    const label = [...this.page.querySelectorAll("label")].find((each) => each.textContent === name);
    const found = label?.htmlFor
      ? document.getElementById(label.htmlFor)
      : (label?.querySelector("input") ?? this.page.querySelector(`[aria-label="${name}"]`));
    if (!found) throw new Error(`no field ${name}`);
    return found as Input;
  }

  async fill(name: string, value: string): Promise<void> {
    const field = this.field(name);
    const kind = field.tagName === "SELECT" ? "change" : "input";
    await act(async () => {
      // Past React's own setter, as a browser does it.
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value")?.set?.call(field, value);
      field.dispatchEvent(new Event(kind, { bubbles: true }));
    });
  }

  async tick(name: string): Promise<void> {
    await act(async () => this.field(name).click());
  }

  async submit(form = this.page.querySelector("form")): Promise<void> {
    await act(async () => form?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
    await this.settle();
  }
}

function nameOf(button: HTMLButtonElement): string {
  return button.getAttribute("aria-label") ?? button.textContent ?? "";
}
