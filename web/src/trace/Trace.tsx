export function Trace() {
  return <div class="trace" tabIndex={0} />;
}
