/** A page with what stands between two lines of it made anew. @throws Error when these lines are not there */
export function betweenMarks(page: string, [begin, end]: readonly [string, string], make: () => string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the lines ${begin} and ${end} are missing: put them back`);
  return `${page.slice(0, from)}${begin}\n\n${make()}\n\n${page.slice(to)}`;
}
