import { auth, signIn, signOut } from "../auth.js";

export default async function Page() {
  const session = await auth();
  const act = async () => {
    "use server";
    await (session ? signOut() : signIn("ohmygpt"));
  };
  return (
    <form action={act}>
      <p>{session ? `Hello ${session.user.name}` : "Who are you?"}</p>
      <button>{session ? "Sign out" : "Sign in with OhMyGPT"}</button>
    </form>
  );
}
