/** The mark: a lens on a target. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 32 32" className={className} fill="none">
      <rect width="32" height="32" rx="8" fill="#2f5bd7" />
      <circle cx="16" cy="16" r="8" stroke="#fff" strokeWidth="2.5" />
      <circle cx="16" cy="16" r="2.75" fill="#fff" />
      <path
        d="M16 4v4.5M16 23.5V28M4 16h4.5M23.5 16H28"
        stroke="#fff"
        strokeWidth="2.5"
        strokeLinecap="round"
      />
    </svg>
  );
}
