# shellcheck shell=bash disable=SC2154,SC2034 # shared with build.sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Patches on top of a source tree that is kept: part of build.sh.

#
# tree/source and tree/objects    the base's, at a path that stays the same
#     /config                     the base's .config
#     /complete                   the base is compiled
#     /patched                    the names of the files that a patch touches:
#                                 while it is there the source may be patched
#     /before/...                 what they were before

# build_tree: the base, in full.
build_tree() {
	local all_patches=(${patches[@]+"${patches[@]}"})

	rm -rf "$tree"
	tree_building=1
	label=$base_image
	say "$label: source and objects are kept for patches, in $tree (1.7 GB; it may be removed at any time)"
	unpack
	apply_patches "$source_dir" "$(by_hand)" ${patches[@]+"${patches[@]}"}
	configure
	compile
	cp "$objects/.config" "$tree/config"
	[[ -f $base_dir/bzImage ]] || publish "$base_dir"
	: >"$tree/complete"
	tree_building=
	say "$label: built in $(minutes "$build_seconds")"
}

# The names of the files that patches touch, without their first component.
touched() {
	sed -nE \
		-e 's/^(---|\+\+\+) "?[^/[:space:]]*\/([^\t"]*).*/\2/p' \
		-e 's/^(rename|copy) (from|to) "?([^"]*)"?$/\3/p' \
		-e 's/^diff --git "?a\/(.*[^"])"? "?b\/(.*[^"])"?$/\1\n\2/p' "$@" |
		tr -d '\r' | grep -vE '^$|^/|(^|/)\.\.(/|$)' | sort -u
}

# copy_touched FROM TO: of the files named on standard input those that are there.
copy_touched() {
	local name

	while IFS= read -r name; do
		if [[ -f $1/$name ]]; then
			mkdir -p "$2/$(dirname "$name")"
			cp -a "$1/$name" "$2/$name"
		fi
	done
}

# bring FROM: makes the touched files in the source what they are in FROM. What
# differs gets a new time of change, and so is compiled.
bring() {
	local name

	while IFS= read -r name; do
		if [[ ! -f $1/$name ]]; then
			rm -f "$source_dir/$name"
			(cd "$source_dir" && rmdir -p "$(dirname "$name")") 2>/dev/null || true
		elif ! cmp -s "$1/$name" "$source_dir/$name"; then
			mkdir -p "$(dirname "$source_dir/$name")"
			cp --preserve=mode "$1/$name" "$source_dir/$name" || return 1
		fi
	done <"$tree/patched"
}

# take_back: the source is the base's again.
take_back() {
	[[ -e $tree/patched ]] || return 0
	[[ -d $tree/before ]] && bring "$tree/before" && rm "$tree/patched" && rm -rf "$tree/before"
}

# put_on: tries the patches on copies of the files they touch, and if they
# apply brings these into the source.
put_on() {
	mkdir "$work/try"
	touched "${extra[@]}" >"$work/touched" || true
	copy_touched "$source_dir" "$work/try" <"$work/touched"
	apply_patches "$work/try" "'cd $source_dir'" "${extra[@]}"
	rm -rf "$tree/before"
	mkdir "$tree/before"
	copy_touched "$source_dir" "$tree/before" <"$work/touched"
	cp "$work/touched" "$tree/patched.new"
	mv "$tree/patched.new" "$tree/patched"
	bring "$work/try" ||
		die "Writing to $source_dir failed; check the space there ('df $tree')."
}

# prepare_tree: it is there, compiled and clean.
prepare_tree() {
	source_dir=$tree/source
	objects=$tree/objects
	if [[ -e $tree/complete && -e $tree/patched ]]; then
		say "An earlier build of a patch was killed; taking that patch back."
		take_back || rm -f "$tree/complete"
	fi
	[[ -e $tree/complete ]] || build_tree
}

build_patched() {
	tree=$trees/$tree_hash
	prepare_tree
	label=$image
	base_name=$base_variant
	put_on
	say "$label: configuring"
	cmp -s "$tree/config" "$objects/.config" || cp "$tree/config" "$objects/.config"
	finish_config
	compile
	publish "$image_dir"
	take_back || die "Cannot make $source_dir what it was; check the space there ('df $tree')."
	say "$label: built in $(minutes "$build_seconds") on top of $base_variant"
}
