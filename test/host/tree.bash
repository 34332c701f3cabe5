# A copy of the project for a test that changes things in it or makes it anew. Load it with: load tree
# (after ../helper).

# copy_tree FOLDER: the source, with its times.
copy_tree()
{
	mkdir "$1"
	cp -a "$ROOT"/{Makefile,doc,embed,guest,src,test,third_party,tools} "$1"
}

# copy_build FOLDER: what the launcher under test was made of, into FOLDER/build. A make there with
# BUILD=build compiles only what differs, so nearly nothing; the whole takes a minute of two CPUs.
copy_build()
{
	mkdir "$1/build"
	cp -a "${KTSTR_LAUNCH%/*}"/{embed,guest,src,tools,ktstr-launch,ktstr-launch.debug} "$1/build"
}
