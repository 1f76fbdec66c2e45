// Dialogs whose code comes when they are first opened: a list is seen before anything is done with it.
import { type ComponentProps, type ComponentType, lazy, Suspense } from 'react'

export function lazyDialog<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const Dialog = lazy(async () => ({ default: await load() }))
  return function LazyDialog(props: Props) {
    return (
      <Suspense fallback={null}>
        <Dialog {...(props as ComponentProps<typeof Dialog>)} />
      </Suspense>
    )
  }
}
