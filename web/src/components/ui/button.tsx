import type { ComponentProps } from "react";
import { cx } from "@/lib/cx";

type Look = "plain" | "primary" | "quiet";
type Size = "normal" | "small" | "square" | "smallSquare";

const LOOKS: Record<Look, string> = {
  plain: "border border-line-strong bg-panel text-ink hover:bg-hover",
  primary: "border border-transparent bg-accent text-on-accent hover:brightness-110",
  quiet: "border border-transparent text-ink-2 hover:bg-hover hover:text-ink",
};

const SIZES: Record<Size, string> = {
  normal: "h-8 px-2.5",
  small: "h-7 px-2",
  square: "size-8",
  smallSquare: "size-7",
};

/** The looks of a button, also for links that stand among buttons. */
export function buttonClass(look: Look = "plain", size: Size = "normal", className?: string): string {
  return cx(
    "inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium text-[13px]",
    "transition-colors disabled:opacity-50 aria-disabled:cursor-not-allowed aria-disabled:opacity-50",
    LOOKS[look],
    SIZES[size],
    className,
  );
}

type ButtonProps = ComponentProps<"button"> & { look?: Look; size?: Size };

export function Button({ look = "plain", size, className, type = "button", ...rest }: ButtonProps) {
  return <button type={type} className={buttonClass(look, size, className)} {...rest} />;
}

/** A square button with an icon only; `label` is its name. */
export function IconButton({
  label,
  size = "square",
  ...rest
}: Omit<ButtonProps, "look"> & { label: string; size?: "square" | "smallSquare" }) {
  return <Button look="quiet" size={size} aria-label={label} title={label} {...rest} />;
}
