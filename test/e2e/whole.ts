// How much the browser is made to do. `npm test` must be quick: it tells the buyer's story in one language; `npm run check` takes
// all files, and the main pages (vitest.config.ts names those left out); `npm run e2e` tells every story in both languages and
// looks at every page and state.
import type { Language } from '../console/dictionary.ts'

export const isWhole = process.env.BERTH_TESTS === 'whole'

/** The languages that a story is told in; `first` where it is told in one. */
export const toldIn = (first: Language): Language[] => (isWhole ? ['zh', 'en'] : [first])

/** Of a story that `npm run e2e` alone tells: `npm run check` must end in time, and sees its pages in others. */
export const toldInWhole = <L extends Language>(...languages: L[]): L[] => (isWhole ? languages : [])
