// What a browser says of itself is a line of history; people know it by its name and where it runs.
const browsers: readonly [name: string, version: RegExp][] = [
  // Before those that they also claim to be.
  ['Edge', /Edg(?:e|A|iOS)?\/(\d+)/],
  ['Opera', /OPR\/(\d+)/],
  ['Firefox', /(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/],
  ['Safari', /Version\/(\d+)[^ ]* .*Safari\//],
]
const systems: readonly [name: string, sign: RegExp][] = [
  ['Android', /Android/],
  ['iOS', /iPhone|iPad/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X/],
  ['ChromeOS', /CrOS/],
  ['Linux', /Linux/],
]

/** `Chrome 156 · Linux`; what it is not, a program that calls itself something, stays as it is. */
export function browserName(userAgent: string): string {
  for (const [name, version] of browsers) {
    const found = version.exec(userAgent)
    if (!found) continue
    const system = systems.find(([, sign]) => sign.test(userAgent))
    return [`${name} ${found[1]}`, ...(system ? [system[0]] : [])].join(' · ')
  }
  return userAgent
}
