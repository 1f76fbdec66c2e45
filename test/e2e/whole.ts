// How much the browser is made to do. `npm test` must be quick: it tells the buyer's story and looks at the main pages, in one
// language (the files are named in vitest.config.ts); `npm run check` takes all files; `npm run e2e` tells every story in both
// languages and looks at every page and state.
import type { Language } from '../console/dictionary.ts'

export const isWhole = process.env.BERTH_E2E === 'whole'

/** The languages that a story is told in; `first` where it is told in one. */
export const toldIn = (first: Language): Language[] => (isWhole ? ['zh', 'en'] : [first])
