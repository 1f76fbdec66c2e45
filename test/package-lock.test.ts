// What `npm ci` in a fresh clone needs of package-lock.json, on every platform.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface LockedPackage {
  version: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, LockedPackage>
}

/** Where Node would find it from there: beside it, or in a folder above. */
function isLocked(from: string, name: string): boolean {
  const steps = from === '' ? [] : from.split('/node_modules/')
  return steps.concat('').some((_, index) => {
    const folder = steps.slice(0, steps.length - index).join('/node_modules/')
    return `${folder === '' ? '' : `${folder}/`}node_modules/${name}` in packages
  })
}

test('every dependency is locked, also those for other platforms than that of the last install', () => {
  const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter(name => !isLocked(path, name))
      .map(name => `${path || 'package.json'} needs ${name}`),
  )
  expect(missing).toEqual([])
})
