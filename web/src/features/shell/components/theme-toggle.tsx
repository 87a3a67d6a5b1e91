"use client";
import { Moon, Sun } from "lucide-react";
import { IconButton } from "@/components/ui/button";
import { useTheme } from "@/lib/use-theme";
import { en } from "@/messages/en";

export function ThemeToggle() {
  const [theme, toggle] = useTheme();
  const Icon = theme === "dark" ? Sun : Moon;
  return (
    <IconButton
      label={en.nav.theme(theme === "dark" ? "light" : "dark")}
      onClick={toggle}
      className="max-sm:hidden"
    >
      <Icon aria-hidden="true" className="size-4" />
    </IconButton>
  );
}

/** The same in words, for the menu on a phone. */
export function ThemeChoice({ className }: { className?: string }) {
  const [theme, toggle] = useTheme();
  return (
    <button type="button" onClick={toggle} className={className}>
      {theme === "dark" ? (
        <Sun aria-hidden="true" className="size-4" />
      ) : (
        <Moon aria-hidden="true" className="size-4" />
      )}
      {en.nav.theme(theme === "dark" ? "light" : "dark")}
    </button>
  );
}
