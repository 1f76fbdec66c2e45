// What this browser remembers of its user: language, theme, region. Kept in localStorage; a browser without it forgets.
import { useSyncExternalStore } from 'react'

export interface Preferences {
  language: 'zh' | 'en'
  theme: 'light' | 'dark'
  /** null: every region. */
  regionId: string | null
}

const key = 'berth.preferences'
const listeners = new Set<() => void>()
let current: Preferences = { ...defaults(), ...stored() }
apply()

function defaults(): Preferences {
  return {
    language: navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en',
    theme: dark().matches ? 'dark' : 'light',
    regionId: null,
  }
}

// Until a theme is chosen it is the system's, also when that turns dark in the evening.
dark().addEventListener('change', () => {
  if (stored().theme === undefined) take({ theme: defaults().theme })
})

function dark(): MediaQueryList {
  return matchMedia('(prefers-color-scheme: dark)')
}

function stored(): Partial<Preferences> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Preferences>
  } catch {
    return {}
  }
}

function apply(): void {
  document.documentElement.lang = current.language === 'zh' ? 'zh-CN' : 'en'
  document.documentElement.dataset.theme = current.theme
}

export const preferences = (): Preferences => current

export function prefer(change: Partial<Preferences>): void {
  try {
    localStorage.setItem(key, JSON.stringify({ ...stored(), ...change }))
  } catch {
    // Not kept then: the choice holds until the page is left.
  }
  take(change)
}

function take(change: Partial<Preferences>): void {
  current = { ...current, ...change }
  apply()
  for (const listener of listeners) listener()
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, preferences)
