export const matchOf = (pattern: RegExp, text: string): string | null => {
  const found = pattern.exec(text)?.[1]
  return found === undefined ? null : decodeURIComponent(found)
}
