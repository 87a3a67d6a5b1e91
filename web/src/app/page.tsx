import { Entry } from "@/features/auth/components/entry";

export default function Page() {
  return <Entry />;
}
