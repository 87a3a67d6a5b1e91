import { NotFound } from "@/features/shell/components/not-found";

export default function Page() {
  return <NotFound />;
}
