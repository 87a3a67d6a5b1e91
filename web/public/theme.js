// Runs before the first paint, so that a chosen theme does not flash. A file, not an inline script.
(() => {
  try {
    const theme = localStorage.getItem("crisislens.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Without storage the system's theme holds.
  }
})();
